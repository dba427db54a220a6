/**
 * Every normative statement of MQTT 5.0 (OASIS Standard, 7 March 2019) and MQTT 3.1.1 (OASIS Standard,
 * 29 October 2014), as their appendices B list them, in our own words. In names of tests `[MQTT-3.3.1-6]`
 * is the statement of 5.0 and `[MQTT3-3.3.1-6]` that of 3.1.1.
 *
 * Put right are two misprints of the 3.1.1 appendix, MQTT-3.1.2.7 and MQTT-3-8.3-4; what the text of 5.0
 * calls MQTT-4.2-1 is MQTT-4.2.0-1, as in its appendix. There is no MQTT-2.2.1-1 in 5.0.
 */
import { mqtt5Connect } from './mqtt5-connect.ts';
import { mqtt5Format } from './mqtt5-format.ts';
import { mqtt5Operation } from './mqtt5-operation.ts';
import { mqtt5Publish } from './mqtt5-publish.ts';
import { mqtt5Subscribe } from './mqtt5-subscribe.ts';
import { mqtt311Connect } from './mqtt311-connect.ts';
import { mqtt311Operation } from './mqtt311-operation.ts';
import { mqtt311Packets } from './mqtt311-packets.ts';
import type { Statement } from './statement.ts';

export type { Statement } from './statement.ts';

export const statements: readonly Statement[] = [
  ...mqtt5Format,
  ...mqtt5Connect,
  ...mqtt5Publish,
  ...mqtt5Subscribe,
  ...mqtt5Operation,
  ...mqtt311Connect,
  ...mqtt311Packets,
  ...mqtt311Operation,
];
