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

type WebPush struct{}
type webPush struct{ publicKey string }

func defaultWebPush() WebPush              { return WebPush{} }
func (c *WebPush) open() (*webPush, error) { return &webPush{}, nil }
func (w *webPush) check(string) error      { return nil }
func (w *webPush) send(context.Context, string, string, note) error {
	return fmt.Errorf("%w: push", factors.ErrUndeliverable)
}
