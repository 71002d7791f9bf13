package policy

import "time"

// Gauged is implemented by a policy whose present state is to be seen in metrics, as
// package telemetry makes them.
type Gauged interface {
	Policy

	// Gauges adds the numbers of this moment to g, which is empty and lent: it must not be
	// kept. It is called each time metrics are collected, from any goroutine, and must not
	// block.
	Gauges(g *Gauges)
}

// Gauges are the numbers that a policy shows of itself at one moment.
type Gauges struct {
	// Name is the policy's own name. Empty: it has the name of what it guards, if rules
	// made it.
	Name string
	// Shadow: the policy only watches and refuses nothing.
	Shadow bool
	// All are the numbers. A policy shows the same ones all its life, and the policies
	// of one kind show the same ones.
	All []Gauge
}

// Gauge is one number of a policy. As a metric it is called afloat, the side of the
// calls, and Name.
type Gauge struct {
	// Name begins with the kind of the policy, as in "bulkhead.active".
	Name string
	// Unit and Description are those of the metric, as in "{call}".
	Unit, Description string
	// State tells numbers of one name apart, as "open" and "closed" do, of which one is 1
	// and the other 0. It is the attribute afloat.Name of the metric. There should be at
	// most six. Empty: there is one number of the name.
	State string
	// Value is the number. Numbers of policies that have the same name are added up.
	Value int64
	// IsTime says that the number is a time, and Time is it, in place of Value and Unit: a
	// gauge in seconds. Of policies that have the same name the longest is shown.
	IsTime bool
	Time   time.Duration
}
