package policy

// hold is a permit that must be settled.
type hold struct {
	settler Settler
	token   uint64
	wants   Wants
}

// admissionState is how far an [Admission] has come.
type admissionState uint8

const (
	admitting admissionState = iota
	running
	settled
)
