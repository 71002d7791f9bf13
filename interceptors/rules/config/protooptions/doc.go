// Package protooptions reads how authors of APIs want their methods and fields to
// be guarded, as stated in their .proto files with the options of
// proto/afloat/options/v1:
//
//	rpc Charge(ChargeRequest) returns (ChargeResponse) {
//	  option (afloat.options.v1.method) = {
//	    breaker: { slow_after: { nanos: 300000000 } }
//	  };
//	}
//
// [WithRules] is a source of rules for package config. [Declared] returns what plans of
// package fanout check their sources against.
//
// Only options of .proto files whose generated Go code is linked into the program
// are seen: those of the stubs that it calls and of the services that it serves. In
// a proxy without stubs, calls have no options; the rules of a file and the built-in
// rule apply to them as to any other call.
//
// The options have the number [Number]. [WithNumber] reads those of an organisation that has
// something else under it. This package registers no extension itself, only the generated
// code of the .proto files that use one does: two extensions that claim the same number of
// the same message cannot be linked into one program.
package protooptions
