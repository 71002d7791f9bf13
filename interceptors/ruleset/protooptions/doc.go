// Package protooptions reads what the authors of APIs say in their .proto files of
// how methods and fields are to be guarded, by the options of
// proto/afloat/options/v1:
//
//	rpc Charge(ChargeRequest) returns (ChargeResponse) {
//	  option (afloat.options.v1.method) = {
//	    breaker: { slow_after: { nanos: 300000000 } }
//	  };
//	}
//
// [Rules] is a source of rules for package ruleset, [Declared] what plans of package
// fanout check themselves against.
//
// Only the options of .proto files whose generated Go is linked into the program are
// seen: those of the stubs that it calls and of the services that it answers. The
// calls of a proxy that knows no stubs have no options; the rules of a file and the
// built-in one are for them as for any other.
//
// Who imports this package has the extensions of proto/afloat/options/v1 registered,
// with their numbers. Two that claim one number for one message cannot be linked
// into one program; see the .proto file. Nobody else of afloat imports them.
package protooptions
