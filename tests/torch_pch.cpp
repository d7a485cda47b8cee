// Empty. What torch_pch is there for is its precompiled header, which the tests that ask for it reuse.
