package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/config"
	"github.com/sallyport-id/sallyport/flows/risk"
)

// riskSettings are what sign-ins are judged by where a policy is adaptive, or scripts ask.
type riskSettings struct {
	Places    string   `doc:"MMDB database of locations; empty: every place is unknown"`
	Untrusted []string `doc:"files of networks that are not to be trusted, one address or network a line"`
	Assess    risk.Config
}

// reloadEvery is how soon a new version of a file is taken up.
const reloadEvery = 10 * time.Second

// sources are the operator's files, which may change while the provider runs.
type sources struct {
	places *risk.Atlas
	lists  *risk.Lists
}

func (s *riskSettings) open() (*sources, error) {
	places, err := risk.OpenAtlas(s.Places)
	if err != nil {
		return nil, &misuse{what: "risk.places: " + err.Error(), mend: "name a database in MMDB format"}
	}
	lists, err := risk.OpenLists(s.Untrusted...)
	if err != nil {
		return nil, &misuse{what: "risk.untrusted: " + err.Error(), mend: "mend the file, or leave it out"}
	}
	return &sources{places, lists}, nil
}

// check reads the files as serve would.
func (s *riskSettings) check(f *config.Faults) {
	*f = append(*f, faultsOf("risk.assess.", s.Assess.Validate())...)
	if _, err := risk.OpenAtlas(s.Places); err != nil {
		f.Add("risk.places", err.Error(), "name a database in MMDB format")
	}
	if _, err := risk.OpenLists(s.Untrusted...); err != nil {
		f.Add("risk.untrusted", err.Error(), "mend the file, or leave it out")
	}
}

// watch takes new versions of the files up, until ctx ends. One that cannot be read is
// refused, and the one before stays.
func (s *sources) watch(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(reloadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for name, reload := range map[string]func() (bool, error){"places": s.places.Reload, "untrusted": s.lists.Reload} {
			switch changed, err := reload(); {
			case err != nil:
				log.ErrorContext(ctx, "a new version is refused, the one before stays", "setting", "risk."+name, "error", err)
			case changed:
				log.InfoContext(ctx, "a new version was taken up", "setting", "risk."+name)
			}
		}
	}
}
