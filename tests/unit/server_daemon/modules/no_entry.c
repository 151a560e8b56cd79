int nothing_of_use(void);
int nothing_of_use(void) { return 0; }
