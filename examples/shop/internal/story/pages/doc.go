// Package pages is the act about pages: a client asks for them at a steady rate
// while one backend after another hangs, fails and slows down. They keep coming,
// and each says exactly which of its parts are not as they should be.
package pages
