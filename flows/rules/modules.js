// require. load gives a module by its name.
(function (host, load) {
"use strict";
globalThis.require = name => load(`${name}`);
})
