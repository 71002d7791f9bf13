// Package follow tells when what is found at a path may have changed: the file was
// written, by whatever name, replaced by rename, removed or made, or a symbolic link
// or a folder on the way to it was, as when a mounted volume of Kubernetes swaps its
// contents.
//
// The system reports changes. Changes that come in quick succession are told once, when
// there has been a moment of quiet: a file that is written in several steps is not looked
// at in between. Where the system cannot report, for want of inotify instances, watches or
// descriptors, or because nobody can go the way to the file at the moment, the file is
// looked at every second, and so often the system is asked again. A file that could not be
// read is read again as often: nobody reports that it has become readable.
package follow
