// Package web serves typed functions over net/http, and describes them in
// OpenAPI.
//
// A [Router] is an http.Handler. [Handle] gives it a function from a struct
// that the request fills to a struct that becomes the answer; [Mount] gives it
// the five routes of a data.Service; [HandleList] one route that lists rows.
// Every route states who may call it, and none is served without that.
//
// A request is authenticated, authorised, decoded and checked before the
// function runs, in this order, and an answer is encoded whole before its
// status line is sent. Errors become problem details (RFC 9457) by their
// fault.Kind, see [WriteError].
//
// [Frame] is what a whole server stands in: request ids, the client's address,
// refused hosts and origins, security headers, a log line for each request and
// an answer when something panics.
package web
