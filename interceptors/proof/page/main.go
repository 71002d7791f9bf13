// Command page writes docs/proof.md from what the tests found: one file for each comparison and
// for each suite, in a folder.
//
//	go run ./page -findings findings -out ../../docs/proof.md
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	findings := flag.String("findings", "page/findings", "the folder that AFLOAT_PROOF_FINDINGS named when the tests ran")
	out := flag.String("out", "../../docs/proof.md", "the page")
	flag.Parse()
	text, err := render(os.DirFS(*findings), os.DirFS("."))
	if err == nil {
		err = os.WriteFile(*out, []byte(text), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
