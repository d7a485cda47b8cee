// Built as a libtorch_cpu.so that is not the one that the extension was built with.
extern "C" __attribute__((visibility("default"))) int another_libtorch() { return 1; }
