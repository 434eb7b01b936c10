// fetch: the digest of what a URL answers, with Go's own runtime and resolver. For tests/run.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	answer, err := http.Get(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	digest := sha256.New()
	if _, err = io.Copy(digest, answer.Body); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("%x\n", digest.Sum(nil))
}
