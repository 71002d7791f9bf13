// Package database keeps proto messages in an embedded database file, in tables
// by key. A file is made and filled on first use. One that is damaged, that is
// another program's, or that another process has open is refused with an error that
// says so, and is left as it is.
package database
