package config

import (
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/rules"
)

// templates are those that were made, by their kind and the bytes of their messages.
// Equal messages share one, and so what their policies are configured by: with
// thousands of rules that is less to keep, and less to have at hand while calls are
// made. The zero templates are empty.
type templates struct{ made map[string]rules.Template }

// of returns the template of a policy.
func (t *templates) of(k kind, m proto.Message) rules.Template {
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return k.template(m) // a text that is no UTF-8, which is a fault elsewhere
	}
	key := k.name() + "\x00" + string(data)
	if made, ok := t.made[key]; ok {
		return made
	}
	if t.made == nil {
		t.made = map[string]rules.Template{}
	}
	t.made[key] = k.template(m)
	return t.made[key]
}
