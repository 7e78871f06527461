// Hands an authorization response to the window that opened or frames this page, and to
// no other origin than the application's. That window closes this one.
"use strict";
const message = document.getElementById("web-message");
const to = window.opener || window.parent;
if (to !== window) {
  to.postMessage({ type: "authorization_response", response: JSON.parse(message.dataset.response) }, message.dataset.origin);
}
