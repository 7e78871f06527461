// Sends an authorization response on its way (OAuth 2.0 Form Post Response Mode §5).
// Without scripts the page's button does it.
"use strict";
document.getElementById("form-post").submit();
