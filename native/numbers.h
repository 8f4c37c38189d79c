/* Arrays of whole numbers from Python. */

#ifndef PX_NUMBERS_H
#define PX_NUMBERS_H

#include "symbols.h"

#include <string.h>

/* Borrow an object's numbers of `size` bytes, 4 or 2, with a sign; an exception and -1 where it has not just so
   many, or others. */
static inline int px_borrow(PyObject *object, Py_buffer *view, size_t size, size_t count, int writable)
{
    if (PyObject_GetBuffer(object, view, (writable ? PyBUF_CONTIG : PyBUF_CONTIG_RO) | PyBUF_FORMAT) < 0)
        return -1;
    const char *kind = view->format ? view->format : "B";
    int named = size == sizeof(int16_t) ? strcmp(kind, "h") == 0
                                        : strcmp(kind, "i") == 0 || strcmp(kind, "l") == 0;
    int fits = named && (size_t)view->itemsize == size && (uintptr_t)view->buf % size == 0;
    if (!fits || (size_t)view->len != count * size) {
        PyBuffer_Release(view);
        PyErr_Format(PyExc_ValueError, "expected %zu numbers of %zu bits", count, 8 * size);
        return -1;
    }
    return 0;
}

/* 0, and ValueError, where a number of `count` is outside its limits. */
static inline int px_is_within(const int32_t *numbers, size_t count, int32_t least, int32_t most)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] < least || numbers[i] > most) {
            PyErr_SetString(PyExc_ValueError, "a number is too small or too large");
            return 0;
        }
    return 1;
}

/* Add a type to the module; NULL on error. */
static inline PyTypeObject *px_add_type(PyObject *module, const char *name, int size, newfunc make,
                                        destructor end, PyMethodDef *methods)
{
    PyType_Slot slots[] = {{Py_tp_new, (void *)make},
                           {Py_tp_dealloc, (void *)end},
                           {methods ? Py_tp_methods : 0, methods},
                           {0, NULL}};
    PyType_Spec spec = {name, size, 0, Py_TPFLAGS_DEFAULT, slots};
    PyTypeObject *type = (PyTypeObject *)PyType_FromSpec(&spec);
    if (type != NULL && PyModule_AddType(module, type) < 0)
        Py_CLEAR(type);
    return type;
}

#endif
