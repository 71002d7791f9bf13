package main

import "fmt"

// preface is the beginning of the report.
var preface = fmt.Sprintf(prefaceFormat, runs, busyRuns, busy, otherRuns, otherBusyRuns) //nolint:gochecknoglobals // a text

const prefaceFormat = `# Scenarios

What guards do in worlds that are not all well: in virtual time, with the breakers as they are shipped, no goroutine
and no socket between them and the world. Made by ` + "`make lab`" + `, which compares this page with what it finds, and
written by ` + "`make lab-update`" + `; the same seeds make the same page on every machine. Real time, real sockets and
whole pages of calls are told by ` + "`make story`" + `.

A world says how each call ends, and when. Calls come at random, at some rate; healthy ones take 7 ms, log-normal
(sigma 0.4), and callers wait for 250 ms, unless the world says otherwise. Each guard meets the same calls with the
same luck, so that what it does can be set against what would have happened without it:

- *lost*: good answers that callers would have had, had nobody guarded them, and did not get. The first thing to look
  at: a guard that loses much does harm.
- *in vain*: calls that were sent and failed, at their callers' and the dependency's expense.
- *spared for one lost*: how many calls in vain were not sent, for each good answer that was lost. Below one, the guard
  costs more than it spares.
- *slow*: calls after which the caller had waited for more than 100 ms, an answer or not.
- *sent in the outage*: of the calls that came in it, after its first 2 s (with many clients: after its first minute).
- *back after*: from the end of the outage to the start of the first 2 s in which 9 of 10 calls are admitted.

The guards:

- *afloat*: its breaker without any setting. *By hand*: with SlowAfter at three times what 99 of 100 healthy calls take.
- *For speed*, where a replica hangs: by hand, and with a SlowRatio of 0.2, for callers who would rather have fewer answers
  than slow ones.
- *classic thresholds*: FailureRatio 0.5 of 20 calls and ConsecutiveFailures 10 set explicitly, which is how breakers
  usually open.
- *gobreaker* by its default of 6 failures in a row and by half of the calls of 10 s, and *failsafe-go* by the same;
  both stay open for 5 s.
- *SRE throttle*: the client-side throttling of the SRE book (K = 2, two minutes), written here from its formula.
- *Semian*: the adaptive breaker of Shopify's Semian (a PID controller, once a second, over 10 s; without its dead
  zone), written here from its description.

Afloat without a setting has %d runs with random phases, %d at %d calls a second; the others have %d and %d. The worlds of
learning have 5 runs for all, a day has 3 and a fleet 5, the others 1. Shares are of all runs together.

![Good answers given, by the share of calls that fail](scenarios/partial.svg)

![Calls sent in an outage of 20 s](scenarios/outage.svg)

![Good answers while one of three replicas hangs](scenarios/replica.svg)

![Good answers lost in each world](scenarios/lost.svg)

Who refuses nothing loses nothing, so the other half has to be looked at as well:

![Calls in vain in each world](scenarios/vain.svg)
`

const learningPreface = `
Slow calls of one run, on average: slow is more than three times what 99 of 100 healthy calls take. *Times p99* is
SlowAfter set by hand, as somebody would who had measured it; the best of them is what learning is judged by.

`
