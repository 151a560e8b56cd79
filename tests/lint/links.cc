// A program around one library, for the link tests.
int main() { return 0; }
