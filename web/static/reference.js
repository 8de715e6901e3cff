"use strict";

// The API reference. A file of its own, because no page may run a script that is written into it.
addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#reference",
    deepLinking: true,
    validatorUrl: null, // would send our document to another host
    persistAuthorization: false,
  });
});
