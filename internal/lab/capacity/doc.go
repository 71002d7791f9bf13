// Package capacity sets the controller of package overload, as it is shipped, against
// services with a capacity, in virtual time: a processor with a run queue, a lock, a pool
// of connections, and what is made of them. Load comes in shapes: steps, ramps, sines,
// bursts and noise, and a capacity may halve and return.
//
// Each call is a goroutine of the bubble. What Go's scheduler does is played too, since
// goroutines never wait for a processor in virtual time: a [CPU] has a run queue, tells
// how long goroutines wait in it, and lets others run first when it is asked to.
package capacity
