// Package page shows what the guard of a process does on a page for browsers: circuits,
// bulkheads and limits, what was learned, what has happened lately and why, the rules and
// where they come from, overrides and the time left. It is an http.Handler to be mounted
// where only operators can reach it:
//
//	service, err := admin.New(set)
//	…
//	handler, err := page.New(service, page.WithHosts("127.0.0.1:8081"))
//	…
//	mux.Handle("/afloat/", http.StripPrefix("/afloat", handler))
//
// The page loads nothing from elsewhere, and what others made up, such as the names of
// methods, is text to it. It is read-only unless the program gives an [Authoriser]; then
// operators can force circuits, disable policies, trip and reset, for a while and with a
// reason. Changes come from the page itself only: by POST, from the same origin, with a token
// of the page.
package page
