// Package trial has what every proof uses: the guard that a program of others is put
// under, with what is seen of it, and the comparison of what happens with and without it.
package trial
