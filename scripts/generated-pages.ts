import { generatedFiles } from '../src/config/index.ts';
import { telemetryPages } from '../src/telemetry/index.ts';
import { renderConformance } from '../test/conformance/report.ts';
import { renderCommandLine } from './command-line-page.ts';

export interface GeneratedPage {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** Everything that `npm run generate` writes. */
export async function generatedPages(): Promise<readonly GeneratedPage[]> {
  return [
    ...generatedFiles(),
    ...telemetryPages(),
    { path: 'docs/reference/command-line.md', text: await renderCommandLine() },
    { path: 'docs/reference/conformance.md', text: renderConformance() },
  ];
}
