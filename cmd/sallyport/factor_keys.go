package main

import (
	"errors"

	"github.com/sallyport-id/sallyport/cmd/sallyport/config"
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/provider/management"
)

// factorKeys implements management.Keys: the settings of a factor have the keys of the
// configuration wherever they are changed.
type factorKeys struct{}

// Over implements management.Keys.
func (factorKeys) Over(c factors.Config, values map[string]any) (factors.Config, error) {
	c = config.Copy(c)
	err := config.Overlay(c, values)
	var faults config.Faults
	if !errors.As(err, &faults) {
		return c, err
	}
	invalid := &management.Invalid{}
	for _, f := range faults {
		invalid.Faults = append(invalid.Faults, management.Fault{Field: f.Key, Why: f.What, Mend: f.Mend})
	}
	return nil, invalid
}

// All implements management.Keys.
func (factorKeys) All(c factors.Config) map[string]management.Setting {
	all := map[string]management.Setting{}
	for key, one := range config.Settings(c) {
		all[key] = management.Setting{Value: one.Value, Secret: one.Secret}
	}
	return all
}
