// Package admin shows what the guard of a process does, and lets operators change it for a
// while, as a gRPC service (see proto/afloat/admin/v1):
//
//   - Snapshot: the circuits, bulkheads and limits, what was learned, the rules and where
//     they come from, the overrides. Filtered, and in pages.
//   - Watch: changes as they happen.
//   - Explain: which rules and policies a call gets, whether it would be let in now, and why
//     calls like it were refused last.
//   - Override: force circuits open or closed, disable policies, give a bulkhead other
//     places, trip and reset circuits. See package override.
//
// [Register] serves reads only. Changes need an [Authoriser] that the program gives with
// [WithAuthoriser]; without one they are refused. Each change is logged, and so is each that
// was refused.
//
// Serve it where only operators can reach it: a snapshot names methods and targets. The rule
// for "*" does not guard this service, since what changes the guard must not be refused by
// it. The command afloat speaks to it, and package page shows it in a browser.
package admin
