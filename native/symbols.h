/* The objects that Python sees of the range coder, for kernels that take them. */

#ifndef PX_SYMBOLS_H
#define PX_SYMBOLS_H

/* One library serves CPython 3.11 and all later ones. */
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "rangecoder.h"

/* AdaptiveBit */
typedef struct {
    PyObject_HEAD
    px_chance chance;
} px_adaptive_bit;

/* Encoder and BitWriter */
typedef struct {
    PyObject_HEAD
    px_encoder coder;
} px_writer;

/* Decoder and BitReader */
typedef struct {
    PyObject_HEAD
    px_decoder coder;
    Py_buffer view; /* what coder.data points into */
} px_reader;

/* The coder inside an object; NULL, and no exception, if the object is of another type. */
px_encoder *px_encoder_of(PyObject *object);
px_decoder *px_decoder_of(PyObject *object);

/* After a kernel: 0 if all is well, else -1 and MemoryError or EntropyError. */
int px_encoder_check(const px_encoder *coder);
int px_decoder_check(const px_decoder *coder);

/* Raise promptcodec.errors.EntropyError; gives NULL. */
PyObject *px_entropy_error(const char *message);

/* Each file of kernels adds what it has to the module; -1 on error. */
int px_add_symbols(PyObject *module);
int px_add_texture(PyObject *module);
int px_add_learned(PyObject *module);
int px_add_convolve(PyObject *module);

#endif
