package push

import (
	"context"
	"fmt"

	"github.com/sallyport-id/sallyport/factors"
)

type Delivery struct{}
type delivery struct{}

func defaultDelivery() Delivery              { return Delivery{} }
func (c *Delivery) open() (*delivery, error) { return &delivery{}, nil }
func (d *delivery) send(context.Context, string, string, note) error {
	return fmt.Errorf("%w: push", factors.ErrUndeliverable)
}
