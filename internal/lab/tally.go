package lab

// Tally counts calls, what became of them, and what would have become of them without a
// guard.
type Tally struct {
	// Calls came, and Sent of them were sent.
	Calls, Sent int
	// Possible is how many good answers there are without a guard, Given how many with it.
	Possible, Given int
	// Bad is how many calls fail without a guard, InVain how many were sent and failed.
	Bad, InVain int
	// Slow is how many of the calls that were sent took longer than the world's SlowOver,
	// however they ended. SlowPossible is the same without a guard.
	Slow, SlowPossible int
}

// Lost returns how many good answers the guard cost.
func (t *Tally) Lost() int { return t.Possible - t.Given }

// Spared returns how many calls in vain the guard spared.
func (t *Tally) Spared() int { return t.Bad - t.InVain }

// Kept returns how many of the possible good answers were given, in percent.
func (t *Tally) Kept() float64 { return percent(t.Given, t.Possible) }

// Vain returns how many of all calls were sent and failed, in percent.
func (t *Tally) Vain() float64 { return share(t.InVain, t.Calls) }

// SlowShare returns how many of all calls were sent and slow, in percent.
func (t *Tally) SlowShare() float64 { return share(t.Slow, t.Calls) }

// came counts a call.
func (t *Tally) came(admitted bool) {
	t.Calls++
	if admitted {
		t.Sent++
	}
}

// could counts what becomes of a call without a guard.
func (t *Tally) could(good, slow bool) { count(good, slow, &t.Possible, &t.Bad, &t.SlowPossible) }

// ended counts the end of a call that was sent.
func (t *Tally) ended(good, slow bool) { count(good, slow, &t.Given, &t.InVain, &t.Slow) }

func count(good, slow bool, goods, bads, slows *int) {
	if good {
		*goods++
	} else {
		*bads++
	}
	if slow {
		*slows++
	}
}

// without takes over what happened without a guard, from a run that had none.
func (t *Tally) without(none *Tally) {
	t.Possible, t.Bad, t.SlowPossible = none.Given, none.InVain, none.Slow
}

// percent returns the share of part in percent: all, if there is nothing.
func percent(part, of int) float64 {
	if of == 0 {
		return 100
	}
	return 100 * float64(part) / float64(of)
}

// share returns the share of part in percent: none, if there is nothing.
func share(part, of int) float64 {
	if of == 0 {
		return 0
	}
	return percent(part, of)
}
