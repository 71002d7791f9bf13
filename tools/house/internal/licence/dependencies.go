package licence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// downloaded is what the go command says of a module.
type downloaded struct {
	Path, Version, Dir string
	Main               bool
	Replace            *struct{ Version string }
}

// ours reports whether the module is in this repository.
func (d downloaded) ours() bool { return d.Main || d.Replace != nil && d.Replace.Version == "" }

// dependencies returns the folders in which the licences of a module's
// dependencies may stand. Its go.mod names every module that its packages and
// their tests need, on all systems, which go mod tidy sees to; their roots are
// here. So are the folders above each package that is compiled on this system,
// for code that was copied from elsewhere and has a licence of its own.
func dependencies(ctx context.Context, dir string) (map[folder]bool, error) {
	folders := map[folder]bool{}
	var file struct {
		Require []struct{ Path, Version string }
		Replace []struct {
			Old struct{ Path string }
			New struct{ Version string }
		}
	}
	if err := ask(ctx, dir, func(d *json.Decoder) error { return d.Decode(&file) }, "mod", "edit", "-json"); err != nil {
		return nil, err
	}
	local := map[string]bool{}
	for _, r := range file.Replace {
		local[r.Old.Path] = r.New.Version == ""
	}
	wanted := []string{"mod", "download", "-json"}
	for _, r := range file.Require {
		if !local[r.Path] {
			wanted = append(wanted, r.Path)
		}
	}
	if len(wanted) > 3 { // without names it would be all that is in go.sum
		err := ask(ctx, dir, func(d *json.Decoder) error {
			var m downloaded
			err := d.Decode(&m)
			if err == nil {
				folders[folder{m.Path, m.Dir, m.Dir}] = true
			}
			return err
		}, wanted...)
		if err != nil {
			return nil, err
		}
	}
	err := ask(ctx, dir, func(d *json.Decoder) error {
		var p struct {
			Dir    string
			Module *downloaded
		}
		err := d.Decode(&p)
		if err != nil || p.Module == nil || p.Module.ours() {
			return err
		}
		for at := p.Dir; strings.HasPrefix(at, p.Module.Dir); at = filepath.Dir(at) {
			folders[folder{p.Module.Path, p.Module.Dir, at}] = true
		}
		return nil
	}, "list", "-deps", "-test", "-json=Dir,Module", "./...")
	return folders, err
}

// ask runs the go command in the folder and has each read the JSON values that it
// prints, until there are no more.
func ask(ctx context.Context, dir string, each func(*json.Decoder) error, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("licences: go %s %s in %s: %w", args[0], args[1], dir, err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		if err := each(d); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("licences: go %s %s in %s: %w", args[0], args[1], dir, err)
		}
	}
}
