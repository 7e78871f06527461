package push

import (
	"errors"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/factors"
)

func TestDeliverySettings(t *testing.T) {
	for want, change := range map[string]func(*Delivery){
		"delivery.provider: \"pigeon\"":                   func(c *Delivery) { c.Provider = "pigeon" },
		"delivery.provider: is sns, which is not set up":  func(c *Delivery) { c.Provider, c.SNS = providerSNS, SNS{} },
		"delivery.apns.bundle_id":                         func(c *Delivery) { c.APNS.BundleID = "" },
		"delivery.apns.bundle_id: \"a\\r\\nb\"":           func(c *Delivery) { c.APNS.BundleID = "a\r\nb" },
		"delivery.apns.key_id":                            func(c *Delivery) { c.APNS.KeyID = "key" },
		"delivery.apns.team_id":                           func(c *Delivery) { c.APNS.TeamID = "" },
		"delivery.apns.private_key: is not set":           func(c *Delivery) { c.APNS.PrivateKey = "" },
		"delivery.apns.private_key: is no key":            func(c *Delivery) { c.APNS.PrivateKey = "x" },
		"delivery.apns.certificate: stands beside":        func(c *Delivery) { c.APNS.Certificate = "x" },
		"delivery.apns.certificate: is no base64":         func(c *Delivery) { c.APNS.PrivateKey, c.APNS.Certificate = "", "!" },
		"delivery.apns.certificate: is no .p12":           func(c *Delivery) { c.APNS.PrivateKey, c.APNS.Certificate = "", "YQ==" },
		"delivery.apns.base_url":                          func(c *Delivery) { c.APNS.BaseURL = "http://example.com" },
		"delivery.fcm.base_url":                           func(c *Delivery) { c.FCM.BaseURL = "http://127.0.0.1.example.com" },
		"delivery.fcm.credentials: are no JSON":           func(c *Delivery) { c.FCM.Credentials = "/etc/account.json" },
		"delivery.fcm.credentials: are no":                func(c *Delivery) { c.FCM.Credentials = `{"type":"authorized_user"}` },
		"delivery.fcm.credentials.project_id: is not set": func(c *Delivery) { c.FCM.Credentials = `{"type":"service_account"}` },
		"delivery.fcm.credentials.private_key": func(c *Delivery) {
			c.FCM.Credentials = `{"type":"service_account","project_id":"a","client_email":"b"}`
		},
		"delivery.fcm.credentials.token_uri": func(c *Delivery) {
			c.FCM.Credentials = strings.Replace(c.FCM.Credentials, "http://127.0.0.1", "http://example.com", 1)
		},
		"delivery.sns.region: \"\"":                       func(c *Delivery) { c.SNS.Region = "" },
		"delivery.sns.region: \"evil.example/\"":          func(c *Delivery) { c.SNS.Region = "evil.example/" },
		"delivery.sns.access_key_id":                      func(c *Delivery) { c.SNS.AccessKeyID = "" },
		"delivery.sns.secret_access_key":                  func(c *Delivery) { c.SNS.SecretAccessKey = "" },
		"delivery.sns.apns_application_arn: is not set":   func(c *Delivery) { c.SNS.APNSApplicationARN, c.SNS.GCMApplicationARN = "", "" },
		"delivery.sns.apns_application_arn: \"arn:aws":    func(c *Delivery) { c.SNS.APNSApplicationARN = arnGCM },
		"delivery.sns.gcm_application_arn: \"x\" is no":   func(c *Delivery) { c.SNS.GCMApplicationARN = "x" },
		"delivery.sns.gcm_application_arn: is in eu-cent": func(c *Delivery) { c.SNS.Region = "us-east-1" },
		"delivery.sns.base_url":                           func(c *Delivery) { c.SNS.BaseURL = "ftp://localhost" },
	} {
		c := openVendors(t).config
		change(&c)
		_, err := c.open()
		secretive(t, err)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "; ") {
			t.Errorf("%s: %v", want, err)
		}
	}
	// Nothing at all is fine, and so is half of it.
	for _, c := range []Delivery{{}, defaultDelivery(), {Provider: providerDirect, APNS: APNS{Sandbox: true}}, {Provider: providerDirect, FCM: openVendors(t).config.FCM}} {
		d, err := c.open()
		if err != nil {
			t.Fatal(err)
		}
		if err := d.send(t.Context(), serviceAPNS, iPhone, aQuestion()); !errors.Is(err, factors.ErrUndeliverable) {
			t.Errorf("%v, want %v", err, factors.ErrUndeliverable)
		}
	}
}
