/* promptcodec._native: what takes most of the time, a second time in C. The Python is the reference. */

#include "vocabulary.h"

/* The SHA-256 of these files, from the build. */
extern const char px_sources[];

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_native", "The compiled core: the same values as the Python modules.", -1, NULL,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__native(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && (px_add_symbols(module) < 0 || px_add_vocabulary(module) < 0 || px_add_ppm(module) < 0
                           || px_add_texture(module) < 0 || px_add_learned(module) < 0
                           || px_add_convolve(module) < 0
                           || PyModule_AddStringConstant(module, "SOURCES", px_sources) < 0)) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
