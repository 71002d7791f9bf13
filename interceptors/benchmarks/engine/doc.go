// Engine measures what afloat costs beside its calls: a client's stream, a caller without
// a deadline, a server's unary call, reading all metrics, new rules and changes of rules.
//
//	go run ./engine [-rounds 100] [-slice 5ms]
//
// It prints one table, which sets what is aimed at beside what was measured, after about
// a minute. Calls are measured in turns with bare ones, and so are bare ones with
// themselves, which is the noise. What is done seldom is measured by itself, as the best
// and the median of a few runs: a machine that is busy makes the median useless.
package main
