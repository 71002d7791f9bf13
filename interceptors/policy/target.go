package policy

import "strings"

// NamedTarget returns the [Call.Target] of a connection to target that has a name: the
// target, "#" and the name, as in "dns:///users#eu-replica". To gRPC, what follows the "#"
// is no part of the address. Without a name it is the target alone.
func NamedTarget(target, connection string) string {
	if connection == "" {
		return target
	}
	return target + "#" + connection
}

// SplitTarget returns the target and the connection's name that a [Call.Target] was made
// of. The name is empty if the connection has none.
func SplitTarget(named string) (target, connection string) {
	i := strings.LastIndexByte(named, '#')
	if i < 0 {
		return named, ""
	}
	return named[:i], named[i+1:]
}
