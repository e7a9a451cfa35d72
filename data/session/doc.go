// Package session keeps a program's state for each browser in the database,
// behind a cookie: a basket, a language, a form that is half filled in, or who
// is signed in where a program does that by itself.
//
// It is a [net/http] middleware that stands on its own: it needs a [data.DB] and
// keys, and nothing else of Manor. It is not accounts/sessions, which knows the
// browsers and programs that are signed in to Manor's accounts; that is one
// purpose, with rules of its own, and this is any.
//
//	store, err := session.New(db, keys, session.Config{})
//	…
//	http.ListenAndServe(addr, store.Middleware(mux))
//
// A handler takes its session from the context: [From], [Get], [Session.Set].
//
// Nothing is stored and no cookie is set before a handler sets something; a
// request without a cookie costs no statement, one with a cookie a single
// SELECT. A session is saved before the first byte of the response, so that the
// browser is never told of a success that was not kept. If saving fails the
// browser gets an error in place of the handler's response; a handler that
// panics, or answers with a status of 500 or above, saves nothing. Requests at the same time
// each change the keys that they set or delete, and no others.
//
// The cookie holds 256 random bits. The database holds their keyed digest, and
// the values sealed for this one row, so that whoever reads the database can
// neither use nor read a session, and whoever writes to it cannot make one or
// exchange two. An id that was not given out here is never adopted.
package session
