// Package latency learns how long calls usually take.
//
// A [Sketch] counts calls by how long they took, in buckets a quarter of an octave wide. It
// has a fixed size and no lock, forgets with time, and takes a sample at most every
// [SampleGap], so that the calls of many cores rarely write to the same word. What is
// put into it decides what it says: feed it only calls that are known to be healthy, or a
// fault becomes what is usual.
package latency
