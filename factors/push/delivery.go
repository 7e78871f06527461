package push

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

// Delivery is who takes notifications for phones. Without any, apps ask by themselves
// while they are open.
type Delivery struct {
	Provider string `doc:"who takes notifications for phones: direct, which is Apple and Google, or sns, which is Amazon"`
	APNS     APNS   `koanf:"apns"`
	FCM      FCM    `koanf:"fcm"`
	SNS      SNS    `koanf:"sns"`
}

// The settings of Provider.
const (
	providerDirect = "direct"
	providerSNS    = "sns"
)

func defaultDelivery() Delivery { return Delivery{Provider: providerDirect} }

// delivery notifies phones.
type delivery struct {
	senders map[string]sender // by service
	timeout time.Duration     // of one attempt
}

// open checks the settings of all vendors, and opens those of the provider. The error
// names the keys.
func (c *Delivery) open() (*delivery, error) {
	d := &delivery{senders: map[string]sender{}, timeout: pushTimeout}
	apple, err := c.APNS.open()
	faults := []error{err}
	google, err := c.FCM.open()
	faults = append(faults, err)
	amazon, err := c.SNS.open()
	faults = append(faults, err)
	switch c.Provider {
	case "", providerDirect:
		if apple != nil {
			d.senders[serviceAPNS] = apple
		}
		if google != nil {
			d.senders[serviceGCM] = google
		}
	case providerSNS:
		if amazon == nil && err == nil {
			faults = append(faults, errors.New("delivery.provider: is sns, which is not set up; set delivery.sns.region and what stands beside it, or use direct"))
		}
		if amazon != nil {
			for service := range amazon.applications {
				d.senders[service] = amazon
			}
		}
	default:
		faults = append(faults, fmt.Errorf("delivery.provider: %q is unknown; use direct or sns", c.Provider))
	}
	return d, errors.Join(faults...)
}

// longestToken is far above what vendors give to devices, and what they take.
const longestToken = 4096

// hexadecimal is what Apple gives to devices. It becomes part of an address.
var hexadecimal = regexp.MustCompile(`^[0-9A-Fa-f]{1,512}$`)

// send implements sender.
func (d *delivery) send(ctx context.Context, service, token string, n note) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: push: %w", factors.ErrUnsent, err)
	}
	to := d.senders[service]
	switch {
	case to == nil:
		return fmt.Errorf("%w: push: nobody takes notifications for %.20q", factors.ErrUndeliverable, service)
	case service == serviceAPNS && !hexadecimal.MatchString(token), token == "", len(token) > longestToken:
		return fmt.Errorf("%w: push: what the device registered is no address of %s", factors.ErrUndeliverable, service)
	case !time.Now().Before(n.Expires):
		return fmt.Errorf("%w: push: it is too late", factors.ErrUndeliverable)
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	return to.send(ctx, service, token, n)
}

// largestNotification is what a phone is sent at most, in bytes.
// https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification,
// https://firebase.google.com/docs/cloud-messaging/concept-options
const largestNotification = 4096

// small refuses what Apple and Google would: Amazon takes it and loses it on the way.
func small(vendor string, size int) error {
	if size > largestNotification {
		return fmt.Errorf("%w: %s: the notification has %d bytes; a phone takes %d", factors.ErrUndeliverable, vendor, size, largestNotification)
	}
	return nil
}

// vendorAt is the address of a vendor: https, or this machine; usual where text is
// empty.
func vendorAt(key, text, usual string) (string, error) {
	if text == "" {
		return usual, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && !loopback(u) {
		return "", fmt.Errorf("%s: %q is no https address; leave it out for the vendor itself", key, text)
	}
	return strings.TrimRight(text, "/"), nil
}

// stay keeps a client from following a vendor elsewhere with what is for that vendor.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// unset are faults of keys that have to be set beside others, in order.
func unset(prefix, mend string, pairs ...string) (faults []error) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			faults = append(faults, fmt.Errorf("%s.%s: is not set; %s", prefix, pairs[i], mend))
		}
	}
	return faults
}
