/**
 * Loads what the long-running commands load and ends: Node keeps the compiled sources in its cache, so
 * that the first real start is as quick and as small as every later one. Run by setup.sh after an install.
 */
import '@stile/gate/main.ts';
import '@stile/gate/enrol.ts';
import '@stile/gate/shell/config.ts';
import '@stile/settlement/main.ts';
import '@stile/hardware/scanner/tool.ts';
import '@stile/hardware/barrier/tool.ts';
import '@stile/hardware/display/tool.ts';
import '../cli/main.ts';
