// Package condition says as data what a failure is: a rule has a list of conditions on how
// its calls end, and the first one that is met gives the verdict.
//
//	rules.Rule{
//		Match: "/shop.v1.Prices/*",
//		Conditions: []condition.Condition{{
//			Name:     "error in the answer",
//			Response: condition.Response{Path: "status", Values: []string{"ERROR"}},
//			Verdict:  condition.Failure,
//		}},
//		Policies: []rules.Template{breaker.Each(breaker.Config{})},
//	}
//
// In a rules file and in the options of .proto files it is the field conditions, see
// docs/failures.md.
//
// # What is judged
//
// A condition has one or more parts, and is met by a call that meets all of them. The
// conditions are tried in their order, and the first that is met decides: policies, observers
// and fallbacks get its verdict, and [policy.Outcome] its name. A call that meets none is
// judged as without conditions, see [policy.Classify]. A classifier that a call option gives
// takes precedence over conditions, and they take precedence over the classifier of a breaker.
//
// What a condition decides is not weighed against evidence: whose time was up, for example,
// does not matter any more. So leave out what is a failure anyway. Two ends are never
// judged by conditions: a refusal by a policy of this process, and a call that was not
// sent, unless the condition asks for that by its part Sent.
//
// # Costs
//
// Without conditions there are none. With conditions on the status alone, a call that
// fails costs some 20 ns more and a good one next to nothing, and neither allocates. A
// condition on a response reads the field of the message where it is. Those on metadata and
// on whether a call was sent make gRPC tell, for every call, which costs allocations.
//
// # Bounds
//
// A peer may send what it likes: of its text, [MaxTextBytes] are looked at, and of the
// details of its status and of the values of a key of its metadata the first
// [MaxLookedAt].
package condition
