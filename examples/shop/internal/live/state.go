package live

// State is what the page shows. Everything in it that is text may come from
// anywhere: the page shows it as text and as nothing else.
type State struct {
	// Pages is what became of the pages asked for lately.
	Pages Pages `json:"pages"`
	// Services are all services, those that call before those that are called.
	Services []Service `json:"services"`
	// Visitors is how many there are.
	Visitors Visitors `json:"visitors"`
	// Page is the last one that a client got.
	Page Page `json:"page"`
	// Orders is what became of orders.
	Orders Orders `json:"orders"`
	// RulesFile is where the rules of the dashboard are.
	RulesFile string `json:"rulesFile"`
	// Events are the latest log records, the newest first.
	Events []Event `json:"events"`
}

// Pages is what became of the pages of the last seconds.
type Pages struct {
	// PerSecond is how many were asked for.
	PerSecond float64 `json:"perSecond"`
	// Full, Partial and Failed are shares of them, which make 1.
	Full    float64 `json:"full"`
	Partial float64 `json:"partial"`
	Failed  float64 `json:"failed"`
	// P50 and P99 are latencies in milliseconds.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	// History is the seconds of the last minute, the oldest first.
	History []Second `json:"history"`
}

// Second is what became of the pages of one second: shares.
type Second struct {
	Full   float64 `json:"full"`
	Failed float64 `json:"failed"`
}

// Visitors is how many there are.
type Visitors struct {
	// Times is how many times as many as usual there are, Most how many there can be.
	Times int64 `json:"times"`
	Most  int64 `json:"most"`
}

// Service is one service.
type Service struct {
	Name string `json:"name"`
	// CalledBy says who calls it, empty for the first.
	CalledBy string `json:"calledBy"`
	// Sickness is what is wrong with it, as in "hanging". Empty: it cannot be made
	// sick.
	Sickness string `json:"sickness"`
	// Sicknesses is what can be wrong with it.
	Sicknesses []string `json:"sicknesses"`
	// CallsPerSecond is how many calls come to it.
	CallsPerSecond float64 `json:"callsPerSecond"`
	// Circuit and Places guard the way to it. Nil: none do yet.
	Circuit *Circuit `json:"circuit"`
	Places  *Places  `json:"places"`
	// Own are the places that it has itself for the calls that come. Nil: none yet.
	Own *Places `json:"own"`
	// Refused is how many calls to it have been refused so far, before they were made.
	Refused uint64 `json:"refused"`
	// Control is its overload control. Nil: it has none.
	Control *Control `json:"control"`
}

// Control is the overload control of a service.
type Control struct {
	Places

	// Pressure is how close it is to refusing everything, from 0 to 1.
	Pressure float64 `json:"pressure"`
	// Refused is how many calls of each class it has refused so far, the lowest class first.
	Refused []Refusals `json:"refused"`
}

// Refusals is how many calls of a class were refused.
type Refusals struct {
	Class string `json:"class"`
	Calls uint64 `json:"calls"`
}

// Circuit is the breaker in front of a service.
type Circuit struct {
	State string `json:"state"`
	// RetryIn is seconds until a probe, 0 if it is not open.
	RetryIn float64 `json:"retryIn"`
	// Calls, Failures and Slow are what its window holds.
	Calls    int `json:"calls"`
	Failures int `json:"failures"`
	Slow     int `json:"slow"`
}

// Places is the bulkhead in front of a service.
type Places struct {
	InFlight int `json:"inFlight"`
	Waiting  int `json:"waiting"`
	Limit    int `json:"limit"`
}

// Page is a page as a client got it.
type Page struct {
	User  string `json:"user"`
	Team  string `json:"team"`
	Parts []Part `json:"parts"`
	// Error is why there is none.
	Error string `json:"error"`
}

// Part is one part of a page.
type Part struct {
	Name string `json:"name"`
	// State and Reason are those of its marker, as in "missing" and "timeout". Empty:
	// it is as it should be.
	State  string `json:"state"`
	Reason string `json:"reason"`
	// Age is how old it is in seconds, if it is stale.
	Age float64 `json:"age"`
	// Lines are what it says.
	Lines []string `json:"lines"`
}

// Orders is what became of the orders that were placed.
type Orders struct {
	Placed   uint64 `json:"placed"`
	Charged  uint64 `json:"charged"`
	Accepted uint64 `json:"accepted"`
	Refused  uint64 `json:"refused"`
	// Waiting is how many are in the queue on disk.
	Waiting int `json:"waiting"`
}

// Event is a log record.
type Event struct {
	// At is when, as in "15:04:05".
	At      string `json:"at"`
	Level   string `json:"level"`
	Service string `json:"service"`
	Text    string `json:"text"`
}
