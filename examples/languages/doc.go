// Package languages serves pages to clients in other languages, which read what a server with
// afloat says of its responses: those in typescript/ and python/ are run by its test. docs/languages.md
// goes through them.
package languages
