// What compilers call by themselves, for Windows, where a library that needs no other has to bring it along.

typedef __SIZE_TYPE__ size;

void *memcpy(void *to, const void *from, size bytes) {
    void *given = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
    return given;
}

void *memset(void *to, int value, size bytes) {
    void *given = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
    return given;
}

// Called when the library is loaded and let go: nothing is to be done.
int DllMainCRTStartup(void *library, unsigned reason, void *reserved) {
    (void)library, (void)reason, (void)reserved;
    return 1;
}
