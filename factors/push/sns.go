package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sallyport-id/sallyport/factors"
)

// SNS is your platform applications at Amazon.
type SNS struct {
	Region             string `doc:"such as eu-central-1; empty: Amazon is not used"`
	AccessKeyID        string `koanf:"access_key_id" doc:"of an IAM user that may call CreatePlatformEndpoint and Publish"`
	SecretAccessKey    string `doc:"of that user"`
	APNSApplicationARN string `koanf:"apns_application_arn" doc:"arn:aws:sns:…:app/APNS/…; empty: iPhones are not notified"`
	GCMApplicationARN  string `koanf:"gcm_application_arn" doc:"arn:aws:sns:…:app/GCM/…; empty: Android phones are not notified"`
	BaseURL            string `koanf:"base_url" doc:"address that speaks Amazon's API; empty: Amazon"`
}

// amazon sends over Amazon SNS.
// https://docs.aws.amazon.com/sns/latest/dg/sns-mobile-application-as-subscriber.html
type amazon struct {
	client       *sns.Client
	applications map[string]application // by service
}

// An application is what devices are registered with.
type application struct{ arn, platform string }

var (
	region      = regexp.MustCompile(`^[a-z0-9-]{1,30}$`)
	platformARN = regexp.MustCompile(`^arn:aws[a-z-]*:sns:([a-z0-9-]+):[0-9]{12}:app/([A-Z_]+)/[A-Za-z0-9_.-]+$`)
)

// open is nil where nothing is set.
func (c *SNS) open() (*amazon, error) {
	if *c == (SNS{BaseURL: c.BaseURL}) {
		return nil, nil
	}
	base, err := vendorAt("delivery.sns.base_url", c.BaseURL, "")
	faults := append(unset("delivery.sns", "copy it from your AWS account", "access_key_id", c.AccessKeyID, "secret_access_key", c.SecretAccessKey), err)
	if !region.MatchString(c.Region) {
		faults = append(faults, fmt.Errorf("delivery.sns.region: %q is none; use one such as eu-central-1", c.Region))
	}
	a := &amazon{applications: map[string]application{}}
	faults = append(faults,
		a.add(serviceAPNS, "delivery.sns.apns_application_arn", c.APNSApplicationARN, c.Region, "APNS", "APNS_SANDBOX"),
		a.add(serviceGCM, "delivery.sns.gcm_application_arn", c.GCMApplicationARN, c.Region, "GCM"))
	if c.APNSApplicationARN == "" && c.GCMApplicationARN == "" {
		faults = append(faults, errors.New("delivery.sns.apns_application_arn: is not set, nor gcm_application_arn; set one of them or both"))
	}
	o := sns.Options{
		Region: c.Region, Retryer: aws.NopRetryer{}, // whoever calls tries again
		HTTPClient: &http.Client{CheckRedirect: stay},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}, nil
		}),
	}
	if base != "" {
		o.BaseEndpoint = &base
	}
	a.client = sns.New(o)
	return a, errors.Join(faults...)
}

func (a *amazon) add(service, key, arn, region string, platforms ...string) error {
	if arn == "" {
		return nil
	}
	parts := platformARN.FindStringSubmatch(arn)
	for _, p := range platforms {
		if parts != nil && parts[2] == p {
			a.applications[service] = application{arn, p}
		}
	}
	switch {
	case a.applications[service].arn == "":
		return fmt.Errorf("%s: %q is no ARN of a platform application of %s; copy it from the page of the application", key, arn, strings.Join(platforms, " or "))
	case parts[1] != region:
		return fmt.Errorf("%s: is in %s, and delivery.sns.region is %q; make them the same", key, parts[1], region)
	}
	return nil
}

// send implements sender. The device's endpoint is made each time, which gives the one
// that there is: nothing has to be remembered.
func (a *amazon) send(ctx context.Context, service, device string, n note) error {
	to := a.applications[service]
	message, err := forAmazon(to.platform, n)
	if err != nil {
		return err
	}
	endpoint, err := a.endpoint(ctx, to.arn, device)
	if err != nil {
		return before(err)
	}
	ctx, w := watched(ctx)
	_, err = a.client.Publish(ctx, &sns.PublishInput{
		TargetArn: &endpoint, Message: &message, MessageStructure: aws.String("json"), MessageAttributes: attributes(to.platform, n),
	})
	return ofAmazon(w, err)
}

// existing finds the endpoint of a device in Amazon's complaint that it has other
// attributes, which those have that another system made. There is no other way.
// https://docs.aws.amazon.com/sns/latest/dg/mobile-platform-endpoint.html
var existing = regexp.MustCompile(`Endpoint (arn:aws[a-z-]*:sns:\S+) already exists with the same Token`)

func (a *amazon) endpoint(ctx context.Context, application, device string) (string, error) {
	ctx, w := watched(ctx)
	made, err := a.client.CreatePlatformEndpoint(ctx, &sns.CreatePlatformEndpointInput{PlatformApplicationArn: &application, Token: &device})
	var refused smithy.APIError
	if errors.As(err, &refused) {
		if found := existing.FindStringSubmatch(refused.ErrorMessage()); found != nil {
			return found[1], nil
		}
	}
	if err != nil {
		return "", ofAmazon(w, err)
	}
	return aws.ToString(made.EndpointArn), nil
}

// forAmazon is the message for one platform, in the words of its vendor.
func forAmazon(platform string, n note) (string, error) {
	var inner []byte
	var err error
	if platform == "GCM" {
		var m messageFCM
		if m, err = forGoogle("", n); err == nil {
			inner, err = json.Marshal(map[string]any{"fcmV1Message": map[string]any{"message": m}})
		}
	} else {
		inner, err = forApple(n)
	}
	if err != nil {
		return "", err
	}
	// "default" has to be there, and is for platforms that are not named.
	b, err := json.Marshal(map[string]string{"default": n.Title, platform: string(inner)})
	return string(b), err
}

// attributes are the headers that Apple is sent. Google's stand in the message.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
func attributes(platform string, n note) map[string]types.MessageAttributeValue {
	if platform == "GCM" {
		return nil
	}
	all := map[string]types.MessageAttributeValue{}
	for name, value := range map[string]string{
		"APNS.PUSH_TYPE": "alert", "APNS.PRIORITY": "10", "APNS.COLLAPSE_ID": collapse(n), platform + ".TTL": strconv.Itoa(secondsLeft(n)),
	} {
		all["AWS.SNS.MOBILE."+name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	return all
}

// ofAmazon says what an error means for another attempt. Its own text is left out: it
// may hold the device's token.
func ofAmazon(w *watch, err error) error {
	var res *smithyhttp.ResponseError
	var refused smithy.APIError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &res):
		return w.unanswered("sns", err)
	case !errors.As(err, &refused):
		return fmt.Errorf("sns: status %d, which cannot be read", res.HTTPStatusCode())
	case strings.HasPrefix(refused.ErrorCode(), "Throttl"): // comes with status 400
		return fmt.Errorf("%w: sns: status %d %s", factors.ErrUnsent, res.HTTPStatusCode(), refused.ErrorCode())
	}
	return answered("sns", res.HTTPStatusCode(), refused.ErrorCode())
}
