// require. load gives a module by its name.
(function (host, who, load) {
"use strict";
globalThis.require = name => load(`${name}`);
})
