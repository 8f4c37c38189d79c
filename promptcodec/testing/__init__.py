"""What tests of programs that use promptcodec need."""
