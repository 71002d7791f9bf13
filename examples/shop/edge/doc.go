// Package edge is the service that browsers and apps call. What it answers is made
// of the dashboard's page, and it names the page's degraded parts as fields of its
// own answer, whichever service they come from. Its callers are outside the trust
// boundary: they learn which field is degraded and why, not which service failed.
package edge
