package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/afloat-go/afloat/interceptors/rules/config/protooptions"
	"github.com/afloat-go/afloat/proto"
)

// optionsFile is the file with the extensions, which an organisation may number anew.
const optionsFile = "afloat/options/v1/options.proto"

// runExport writes the .proto files into a folder.
func runExport(args []string, std stdio) int {
	flags := flag.NewFlagSet("afloat proto export", flag.ContinueOnError)
	flags.SetOutput(std.complaints)
	number := flags.Int("number", protooptions.Number, "the `number` of the options, in the copy of "+optionsFile)
	goPackage := flags.String("go_package", "", "the Go `package` of that copy; needed with another number")
	flags.Usage = func() {
		fmt.Fprintln(std.complaints, "usage: afloat proto export [flags] folder")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitGood
		}
		return exitFailed
	}
	e := export{folder: flags.Arg(0), number: *number, goPackage: *goPackage}
	err := e.check(flags.NArg())
	if err == nil {
		err = e.write(std)
	}
	if err != nil {
		fmt.Fprintf(std.complaints, "afloat: %v\n", err)
		return exitFailed
	}
	return exitGood
}

// export is what is to be written, and where.
type export struct {
	folder, goPackage string
	number            int
}

// check returns an error if that cannot be.
func (e export) check(folders int) error {
	switch {
	case folders != 1:
		return fmt.Errorf("folders = %d; must be one", folders)
	case protooptions.CheckNumber(e.number) != nil:
		return protooptions.CheckNumber(e.number)
	case (e.number != protooptions.Number) != (e.goPackage != ""):
		return errors.New("go_package must be set together with number: another number needs Go code of its own")
	default:
		return nil
	}
}

// write writes the files, and their names to the output.
func (e export) write(std stdio) error {
	return fs.WalkDir(proto.Files, ".", func(name string, d fs.DirEntry, err error) error {
		to := filepath.Join(e.folder, filepath.FromSlash(name))
		if err != nil || d.IsDir() {
			return errors.Join(err, os.MkdirAll(to, 0o755)) //nolint:gosec // others may read it
		}
		text, err := proto.Files.ReadFile(name)
		if err != nil {
			return err
		}
		if name == optionsFile {
			text = e.renumbered(text)
		}
		fmt.Fprintln(std.out, to)
		return os.WriteFile(to, text, 0o644) //nolint:gosec // others may read it
	})
}

// renumbered returns the file with the extensions as it is to be.
func (e export) renumbered(text []byte) []byte {
	if e.number == protooptions.Number {
		return text
	}
	text = bytes.ReplaceAll(text, []byte(strconv.Itoa(protooptions.Number)), []byte(strconv.Itoa(e.number)))
	lines := bytes.SplitAfter(text, []byte("\n"))
	for i, line := range lines {
		if bytes.HasPrefix(line, []byte("option go_package = ")) {
			lines[i] = fmt.Appendf(nil, "option go_package = %q;\n", e.goPackage)
		}
	}
	return bytes.Join(lines, nil)
}
