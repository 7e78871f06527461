// Package push is the question on the person's phone: a device that holds a key of its
// own is told of a sign-in, shows what it knows of it, and signs the person's answer.
//
// The devices are of two kinds that speak one protocol (Auth0's Guardian protocol, so
// that apps built with its SDKs work): phone apps, told through APNs, FCM or Amazon
// SNS, and the web authenticator, a page of the site told by Web Push. Where a device
// cannot be told, it asks by itself.
//
// The page shows a number and the person types it on the device, so that nobody
// approves what somebody else began (SP 800-63B-4 §3.1.3.1). The device signs over the
// question, the number and the verdict; the question works once, for one login.
//
// A device shows one-time codes too: its pairing brings a linked authenticator of the
// factor otp along.
//
// The package may not know HTTP but as a client of the vendors, nor storage or pages.
package push
