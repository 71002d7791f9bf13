// Package dashboard is the service that puts a page together from five others.
// It shows what afloat adds to such a service: its connections carry a guard,
// made from rules in a few lines, and the code that asks the others stays what
// it was.
//
// GetDashboard asks all five at once and waits no longer than its own deadline.
// Without the user there is no page. Any other part may be missing; the page
// then names it and says why. A part behind an open circuit is known to be
// missing at once, so that the page does not wait for it.
package dashboard
